/*
 * A world that keeps a secret: made at run time, on a page of its own, and told to the log only
 * veiled. tests/boot/secrets.sh looks for it from outside.
 */
#include <stdio.h>

#include <vmkuser/libvmkuser.h>

#define SECRET_BYTES 32u
#define VEIL         0x5a

/* Byte by byte, so that no vector register, which the kernel saves in its own memory, has it. */
static void make(volatile uint8_t *secret, const volatile uint8_t *seed)
{
	for (unsigned i = 0; i < SECRET_BYTES; i++)
		secret[i] = (uint8_t)(seed[i] * 167 + i);
}

int main(void)
{
	uint8_t seed[SECRET_BYTES];
	volatile uint8_t *secret;
	void *page;

	if (vmku_map(SECRET_BYTES, VMK_PROT_READ | VMK_PROT_WRITE, &page) != VMK_OK ||
		vmku_random(seed, sizeof(seed)) != VMK_OK)
		return 1;
	secret = page;
	make(secret, seed);
	printf("veiled ");
	for (unsigned i = 0; i < SECRET_BYTES; i++)
		printf("%02x", secret[i] ^ VEIL);
	printf("\n");
	for (;;)
		vmku_wait(NULL, 0, VMKU_FOREVER, NULL);
}
