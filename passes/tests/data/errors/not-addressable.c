int f(int a) {
  int *p = &(a + 1);
  return *&a + *p;
}
float real;
float *part = &__imag real;
