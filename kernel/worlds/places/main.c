/* A world that says where it lies: for tests/boot/entropy.sh, which starts it many times. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static int data;

int main(void)
{
	int local = 0;
	void *heap = malloc(100);
	void *mapping =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	printf("executable 0x%012lx\n", (unsigned long)(uintptr_t)main);
	printf("data 0x%012lx\n", (unsigned long)(uintptr_t)&data);
	printf("mapping 0x%012lx\n", (unsigned long)(uintptr_t)mapping);
	printf("heap 0x%012lx\n", (unsigned long)(uintptr_t)heap);
	printf("stack 0x%012lx\n", (unsigned long)(uintptr_t)&local);
	return 0;
}
