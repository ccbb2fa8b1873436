struct S;
extern struct S a[3];
void *b = (void (*)[2])0;
