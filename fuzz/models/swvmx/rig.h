/* A small machine on swvmx: pCPUs in VMX operation, one VM with its EPT and MSR bitmap, and frames
 * that are the VM's or somebody else's. */
#ifndef FUZZ_SWVMX_RIG_H
#define FUZZ_SWVMX_RIG_H

#include "fuzz/models/swvmx/vectors.h"
#include "vtx/vcpu.h"

#define RIG_VCPUS       3u
#define RIG_TABLES      24u
#define RIG_FIRST_TABLE 16u
#define RIG_FIRST_FRAME 40u /* of those that a VM can own */
#define RIG_FRAMES      16u

enum rig_owner { OWNER_OTHER, OWNER_VM, OWNER_LEAVING /* unmapped; INVEPT is still to come */ };

struct rig {
	struct vtx_controls controls;
	struct vtx_vm vm;
	struct vcpu vcpu[RIG_VCPUS];
	uint64_t fpu[RIG_VCPUS][SWVMX_COMPONENTS];
	bool table_used[RIG_TABLES];
	uint8_t owner[RIG_FRAMES];
	uint64_t left_at[RIG_FRAMES]; /* the EPT's generation when a frame was unmapped */
};

extern struct rig rig;

/* All of it from the beginning, on such a processor; every frame is the VM's. */
void rig_build(enum swvmx_cpu_kind kind);
struct hpa rig_frame(unsigned n);
/* vCPU 0 on pCPU 0, in one of the states that VM entry accepts. */
void rig_start(enum swvmx_base base);

/* A machine whose EPT maps nothing yet, to begin from it again and again. */
struct rig_snapshot {
	bool taken;
	struct swvmx swvmx;
	struct rig rig;
};
void rig_save(struct rig_snapshot *to);
bool rig_restore(const struct rig_snapshot *from); /* false: it was not taken */
/* As memset() to 0, which would have AddressSanitizer look at all of the shadow. */
void rig_clear(void *to, size_t bytes);

#endif
