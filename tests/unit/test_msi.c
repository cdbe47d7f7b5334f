/* sources: kernel/vmkdev/msi.c kernel/vmkdev/pci.c */
/* Message-signalled interrupts of a function in memory, honest and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "vmkdev/msi.h"

#define COMMAND 1
#define MSI_AT  0x50
#define MSIX_AT 0x70

static uint32_t words[64];
static uint32_t table[4 * 8];
static struct pci_function function;

static uint32_t read_word(void *context, struct pci_address a, unsigned offset)
{
	assert_true(offset < 256 && offset % 4 == 0);
	return words[offset / 4];
}

static void write_word(void *context, struct pci_address a, unsigned offset, uint32_t value)
{
	assert_true(offset < 256 && offset % 4 == 0);
	words[offset / 4] = value;
}

static const struct pci_ops ops = {read_word, write_word};

/* MSI (64-bit, maskable) and MSI-X (8 entries in BAR 3 at 0x1000) in a list of two. */
static int setup(void **state)
{
	memset(words, 0, sizeof(words));
	memset(table, 0xff, sizeof(table));
	words[COMMAND] = 0x00100006;
	words[0x34 / 4] = MSI_AT;
	words[MSI_AT / 4] = 0x01f0u << 16 | MSIX_AT << 8 | PCI_CAP_MSI;
	words[MSIX_AT / 4] = 0x0007u << 16 | PCI_CAP_MSIX;
	words[MSIX_AT / 4 + 1] = 0x1000 | 3;
	function = (struct pci_function){0};
	function.bars[3].address = 0xfebd0000;
	function.bars[3].bytes = 0x4000;
	return 0;
}

static void test_msi(void **state)
{
	struct msi msi;

	msi_find(&ops, NULL, &function, &msi);
	assert_int_equal(msi.at, MSI_AT);
	assert_true(msi.wide && msi.masks);
	assert_int_equal(msi_enable(&ops, NULL, &function, &msi, 0x100fee00000ull, 0x1234), VMK_OK);
	assert_int_equal(words[MSI_AT / 4 + 1], 0xfee00000);
	assert_int_equal(words[MSI_AT / 4 + 2], 0x100);
	assert_int_equal(words[MSI_AT / 4 + 3], 0x1234);
	assert_int_equal(words[MSI_AT / 4 + 4], 0);
	/* Enabled, one vector; INTx masked. */
	assert_int_equal(words[MSI_AT / 4] >> 16, 0x0181);
	assert_int_equal(words[COMMAND] & 0xffff, 0x406);
	msi_disable(&ops, NULL, &function, &msi);
	assert_int_equal(words[MSI_AT / 4] >> 16 & 1, 0);
}

static void test_narrow_msi(void **state)
{
	struct msi msi;

	words[MSI_AT / 4] &= ~(0x0180u << 16);
	msi_find(&ops, NULL, &function, &msi);
	assert_true(!msi.wide && !msi.masks);
	assert_int_equal(
		msi_enable(&ops, NULL, &function, &msi, 0x100fee00000ull, 1), VMK_UNSUPPORTED);
	assert_int_equal(words[MSI_AT / 4] >> 16 & 1, 0);
	assert_int_equal(msi_enable(&ops, NULL, &function, &msi, 0xfee01000ull, 7), VMK_OK);
	assert_int_equal(words[MSI_AT / 4 + 2], 7);
}

static void test_msix(void **state)
{
	struct msix msix;

	msix_find(&ops, NULL, &function, &msix);
	assert_int_equal(msix.at, MSIX_AT);
	assert_int_equal(msix.vectors, 8);
	assert_int_equal(msix.bar, 3);
	assert_int_equal(msix.offset, 0x1000);
	msix_enable(&ops, NULL, &function, &msix, table);
	assert_int_equal(words[MSIX_AT / 4] >> 16, 0x8007);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(table[4 * i + 3], 1);
	msix_set(table, 2, 0x100fee00010ull, 5);
	assert_int_equal(table[8], 0xfee00010);
	assert_int_equal(table[9], 0x100);
	assert_int_equal(table[10], 5);
	assert_int_equal(table[11], 0);
	assert_int_equal(table[15], 1);
	msix_disable(&ops, NULL, &function, &msix);
	assert_int_equal(words[MSIX_AT / 4] >> 31, 0);
}

static bool has_msix(void)
{
	struct msix msix;

	msix_find(&ops, NULL, &function, &msix);
	return msix.at != 0;
}

static void test_senseless_msix(void **state)
{
	words[MSIX_AT / 4 + 1] = 0x3f90 | 3; /* the table ends behind the BAR */
	assert_false(has_msix());
	words[MSIX_AT / 4 + 1] = 0x3f80 | 3;
	assert_true(has_msix());
	words[MSIX_AT / 4 + 1] = 0xfffffff8 | 3;
	assert_false(has_msix());
	words[MSIX_AT / 4 + 1] = 0x1000 | 6;
	assert_false(has_msix());
	words[MSIX_AT / 4 + 1] = 0x1000 | 0;
	assert_false(has_msix());
	words[MSIX_AT / 4 + 1] = 0x1000 | 3;
	function.bars[3].is_io = true;
	assert_false(has_msix());
}

/* Lists that lead nowhere, into themselves, or to where a capability does not fit. */
static void test_capability_lists(void **state)
{
	struct msi msi;

	words[COMMAND] = 6;
	assert_int_equal(pci_capability(&ops, NULL, function.address, PCI_CAP_MSIX), 0);
	words[COMMAND] = 0x00100006;
	words[MSI_AT / 4] = MSI_AT << 8 | 0x99;
	assert_int_equal(pci_capability(&ops, NULL, function.address, PCI_CAP_MSIX), 0);
	words[MSI_AT / 4] = 0x10 << 8 | 0x99;
	assert_int_equal(pci_capability(&ops, NULL, function.address, PCI_CAP_MSIX), 0);
	words[0x34 / 4] = 0xfc;
	words[0xfc / 4] = PCI_CAP_MSI;
	msi_find(&ops, NULL, &function, &msi);
	assert_int_equal(msi.at, 0);
	memset(words, 0xff, sizeof(words));
	assert_int_equal(pci_capability(&ops, NULL, function.address, PCI_CAP_MSIX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_msi, setup),
		cmocka_unit_test_setup(test_narrow_msi, setup),
		cmocka_unit_test_setup(test_msix, setup),
		cmocka_unit_test_setup(test_senseless_msix, setup),
		cmocka_unit_test_setup(test_capability_lists, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
