/* Does what the world's own name says: hostile-exec_stack calls attack_exec_stack(). */
#include "kernel/worlds/hostile/attacks.h"

#include <stdio.h>
#include <string.h>
#include <vmkuser/libvmkuser.h>

#define PREFIX "hostile-"

static const struct {
	const char *name;
	void (*attack)(void);
} attacks[] = {
#define X(name, expected) {#name, attack_##name},
	ATTACKS(X)
#undef X
};

int main(void)
{
	const char *name = vmku_start()->world + strlen(PREFIX);

	for (unsigned i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		if (strcmp(attacks[i].name, name) != 0)
			continue;
		printf("tries %s\n", name);
		attacks[i].attack();
		printf("survives\n");
		return 0;
	}
	printf("no case %s\n", name);
	return 1;
}
