int a;
/* closed */ int b; /* open
int c;
