/* Eight vCPUs. */
#define VCPUS 8
#define DONE  "eight vCPUs did their parts"
#define PART  (1 << 17)
#include "tests/boot/guests/flat/four.S"
