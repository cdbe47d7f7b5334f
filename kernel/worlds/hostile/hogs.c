#include "kernel/worlds/hostile/hogs.h"

#include <string.h>
#include <vmkuser/libvmkuser.h>

#define PAGE        4096u
#define LARGE_PART  (1u << 20)
#define FRAME_BYTES 1514u

/* Smaller and smaller parts until there is nothing, and then again and again. */
static void hog_memory(void)
{
	for (size_t part = LARGE_PART;; part = part > PAGE ? part / 2 : LARGE_PART) {
		void *memory;

		while (vmku_map(part, VMK_PROT_READ | VMK_PROT_WRITE, &memory) == VMK_OK)
			for (size_t at = 0; at < part; at += PAGE)
				((volatile char *)memory)[at] = 1;
	}
}

static void hog_handles(void)
{
	const vmk_handle port = vmku_find("mgmt", VMK_KIND_PORT);
	vmk_handle copy;

	for (;;)
		vmku_handle_copy(port, VMK_RIGHT_READ, &copy);
}

static void hog_cpu(void)
{
	for (volatile unsigned long turns = 0;; turns++)
		;
}

static void hog_limited(void)
{
	hog_cpu();
}

static void hog_log(void)
{
	char text[1024];

	memset(text, '#', sizeof(text));
	for (;;)
		vmku_log(text, sizeof(text));
}

/* To everybody, so that the other ports have them as well as the wire. */
static void hog_port(void)
{
	const vmk_handle port = vmku_find("mgmt", VMK_KIND_PORT);
	struct vmk_port_info info = {0};
	unsigned char frame[FRAME_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	vmku_port_info(port, &info);
	memcpy(frame + sizeof(info.mac), info.mac, sizeof(info.mac));
	for (;;)
		vmku_port_send(port, frame, sizeof(frame));
}

void hostile_hog(const char *name)
{
	static const struct {
		const char *name;
		void (*hog)(void);
	} hogs[] = {
#define X(name) {#name, hog_##name},
		HOGS(X)
#undef X
	};

	for (unsigned i = 0; i < sizeof(hogs) / sizeof(hogs[0]); i++)
		if (strcmp(hogs[i].name, name) == 0)
			hogs[i].hog();
}
