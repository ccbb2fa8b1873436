int f(void) { return unknown(1) + unknown(2); }
