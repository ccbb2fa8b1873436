struct S;
int f(struct S *s) { return sizeof(struct S); }
int g(struct S *s) { return s->a; }
int h(struct S *s) { return sizeof(*s); }
