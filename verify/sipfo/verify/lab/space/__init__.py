"""Private network namespaces: where every address of a policy exists as declared, and no other."""
