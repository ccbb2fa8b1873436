#define S(...) #__VA_OPT__(__VA_ARGS__)
S() S(1) S(1,  2) S( "a\n" )
#define JOINED(x,...) #__VA_OPT__(x ## x : __VA_ARGS__ : #x)
JOINED(a) JOINED(a,b , c) JOINED(,b)
#define WHITE(x,...) [# __VA_OPT__( x   y __VA_ARGS__   ) ]
WHITE(1) WHITE(1,2)
#define WIDE(x,...) L ## #__VA_OPT__(x)
WIDE(1) WIDE(1,2)
#define TWO(x,...) #__VA_OPT__() #__VA_OPT__(\)
TWO(1) TWO(1,2)
#define ID(x) x
#define NOT_AGAIN(x,...) #__VA_OPT__(x ID(x) __VA_ARGS__ ID)
NOT_AGAIN(ID(q),ID(2),3)
#define PLACES(a,...) [a ## __VA_OPT__(x) ## a] [__VA_OPT__(a ## a) ## __VA_OPT__(a)]
PLACES(1) PLACES(1,2) PLACES() PLACES(,2)
#define ENDS(...) a##__VA_OPT__()##b
ENDS() ENDS(1)
