#include "vtx/vmcs.h"

static const struct {
	const char *name;
	uint16_t encoding;
	uint8_t condition;
} fields[VMCS_FIELD_COUNT] = {
#define X(symbol, encoding, exists) {#symbol, encoding, VMCS_IF_##exists},
	VMCS_FIELDS(X)
#undef X
};

int vmcs_field_index(uint32_t encoding)
{
	switch (encoding) {
#define X(symbol, encoding, exists) \
	case encoding:              \
		return VMCS_INDEX_##symbol;
		VMCS_FIELDS(X)
#undef X
	default:
		return -1;
	}
}

const char *vmcs_field_name(uint32_t encoding)
{
	int index = vmcs_field_index(encoding);

	return index < 0 ? 0 : fields[index].name;
}

uint32_t vmcs_field_encoding(enum vmcs_index index)
{
	return fields[index].encoding;
}

enum vmcs_condition vmcs_field_condition(enum vmcs_index index)
{
	return (enum vmcs_condition)fields[index].condition;
}
