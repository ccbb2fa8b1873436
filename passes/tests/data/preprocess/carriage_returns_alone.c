#define A 1A#if AB "s\t"#endif // cD
E