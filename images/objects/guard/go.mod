module frostbyte.local/guard

go 1.24
