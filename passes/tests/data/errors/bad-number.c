int a = 1x;
int b = 089;
double c = 1.0z;
double d = 0x1.8;
double e = 1e;
