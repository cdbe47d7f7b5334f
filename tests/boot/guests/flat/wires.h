/* The first vector of the 8259s, and the inputs that wires.c waits for. */
#define FIRST  0x20
#define CLOCK  8
#define DEVICE 10
