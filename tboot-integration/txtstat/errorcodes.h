/*
 * What TXT.ERRORCODE can say, with what to do about it. One table; the decoder, its tests and the
 * list that `txtstat errors` prints come from it.
 *
 * Processor codes: Intel TXT Software Development Guide (315168), B.1.3, table of processor error
 * types; SDM volume 2D, chapter 7. Class and major codes of authenticated code modules: as Intel
 * publishes them for its modules since the fourth Core generation (the SINIT_Errors file that comes
 * with each SINIT; Intel's acmerr.h). Older modules number differently: the file that came with the
 * module has the last word.
 */
#ifndef TXTSTAT_ERRORCODES_H
#define TXTSTAT_ERRORCODES_H

/* X(type, mnemonic, cause, remedy) */
#define TXT_PROCESSOR_ERRORS(X)                                                                  \
	X(0, "LegacyShutdown",                                                                   \
		"the processor shut down (triple fault) in the launched environment",            \
		"look at the last lines of the serial console: the launched software crashed "   \
		"before SEXIT")                                                                  \
	X(5, "BadACMMType", "the memory that holds SINIT is not write-back cacheable",           \
		"an MTRR setup fault of the loader or firmware: update both")                    \
	X(6, "UnsupportedACM", "the module's header is not one that this processor knows",       \
		"use the SINIT made for this processor generation")                              \
	X(7, "AuthenticateFail", "the module's signature or key hash is wrong",                  \
		"the file is damaged, or a production chipset was given a debug module (or the " \
		"other way)")                                                                    \
	X(8, "BadACMFormat", "the module's header, size or place is invalid",                    \
		"fetch SINIT again; check that it fits the SINIT memory that the firmware "      \
		"reserved")                                                                      \
	X(9, "UnexpectedHITM", "another agent held modified lines of the module's memory",       \
		"a firmware or hardware fault: update the firmware")                             \
	X(10, "InvalidEvent", "an interrupt or event came that must not come during the launch", \
		"look for firmware that leaves SMI, NMI or machine-check sources active")        \
	X(11, "InvalidMLEJoin", "the data that application processors join with is invalid",     \
		"a fault of the launched environment (TXT.MLE.JOIN): update tboot")              \
	X(12, "UnrecovMCError", "a machine check is pending that the launch cannot ignore",      \
		"power off for a cold start; if it comes back, look for faulty hardware")        \
	X(13, "VMXAbort", "a VMX abort in the launched environment",                             \
		"a fault of the hypervisor: its last console lines say more")                    \
	X(14, "ACRAMCorrupt", "the module's memory changed while it was being authenticated",    \
		"power off for a cold start; if it comes back, look for faulty memory or DMA")   \
	X(15, "InvalidVIDBRatio", "voltage or bus ratio are outside what the launch allows",     \
		"switch overclocking and vendor power tuning off in the firmware")

/* X(code, symbol, cause, remedy) */
#define TXT_ACM_CLASSES(X)                                                                         \
	X(0x00, PROGRESS, "no error: a progress mark", "nothing")                                  \
	X(0x01, ACM_ENTRY, "the module refused to start",                                          \
		"use the SINIT made for this processor and chipset, and the newest microcode")     \
	X(0x02, MTRR_CHECK, "the MTRRs around the module are wrong",                               \
		"a fault of the loader: update tboot; some firmware needs min_ram= or an update")  \
	X(0x03, RANGE_CHECK, "memory ranges overlap or lie where they must not",                   \
		"firmware memory map (DPR, PMR, ACPI, heap): update the firmware")                 \
	X(0x04, TPM_ACCESS, "the TPM does not do what the module needs",                           \
		"enable the TPM in the firmware, check its NV indices; a power-off clears a "      \
		"stuck TPM")                                                                       \
	X(0x05, CHIPSET_CONFIG_1, "the firmware left the chipset unlocked or wrongly set up",      \
		"load the firmware's defaults with TXT and VT-d enabled; update the firmware")     \
	X(0x06, CHIPSET_CONFIG_2, "the firmware left the chipset unlocked or wrongly set up",      \
		"load the firmware's defaults with TXT and VT-d enabled; update the firmware")     \
	X(0x07, ACM_EXIT, "the application processors could not be brought in",                    \
		"all processors need the same microcode and SMRR; update the firmware")            \
	X(0x08, MISC_CONFIG, "an internal error or a time-out of the module",                      \
		"power off for a cold start; if it comes back, try another SINIT release")         \
	X(0x09, FN_SCLEAN, "memory scrubbing failed", "power off for a cold start")                \
	X(0x0a, FN_RESET_EST, "the establishment bit could not be reset",                          \
		"disable and enable TXT in the firmware")                                          \
	X(0x0b, ALIAS_CHECK, "memory aliases were found",                                          \
		"check the memory modules and the firmware's memory settings")                     \
	X(0x0c, STARTUP_ACM, "the start-up module failed at power-on",                             \
		"look at TXT.SPAD (BOOTSTATUS); provision the TPM again or update the firmware")   \
	X(0x0d, FN_RESET_AUX, "the AUX index could not be reset",                                  \
		"disable and enable TXT in the firmware; modules before 2013 mean a TPM error "    \
		"here")                                                                            \
	X(0x0e, FN_SCHECK, "secrets were not cleared before memory was locked",                    \
		"power off for a cold start; update the firmware")                                 \
	X(0x0f, IBBL, "the initial boot block could not be loaded",                                \
		"the firmware's FIT or Boot Guard manifest is damaged: flash it again")            \
	X(0x10, BTG_STARTUP, "Boot Guard start-up failed",                                         \
		"the firmware is not what its manifest says: flash it again; modules before 2013 " \
		"mean a launch control policy error here")                                         \
	X(0x11, BPT_INTEGRITY, "Boot Guard's manifests or policies do not verify",                 \
		"the firmware is not what its manifest says: flash it again")                      \
	X(0x12, PFR, "platform firmware resilience reported a fault", "flash the firmware again")  \
	X(0x13, PCR_INTEGRITY, "PCR 17 or 18 is not what the module computed",                     \
		"another agent extended the PCRs during the launch, or the PCR mapping is not "    \
		"supported")                                                                       \
	X(0x14, EVENT_LOG, "the event log's buffer is wrong or too small",                         \
		"a fault of the loader: update tboot")                                             \
	X(0x15, HEAP_BUILD, "the module could not write its part of the heap",                     \
		"the firmware's TXT heap is too small: update the firmware")                       \
	X(0x16, SINIT64, "a fault in the module's 64-bit part",                                    \
		"try another SINIT release; update the firmware")                                  \
	X(0x17, SAI_POLICY, "access policies of the chipset are not as required",                  \
		"update the firmware")                                                             \
	X(0x18, CXL, "CXL devices are set up in a way that the launch cannot protect",             \
		"update the firmware, or remove the CXL device to find out")                       \
	X(0x19, TPR_CONFIG, "DMA protection ranges (TPR) are wrong",                               \
		"update firmware and tboot: both must know TPRs")                                  \
	X(0x20, INTERNAL, "an internal error of the module", "try another SINIT release")          \
	X(0x21, MRC_CONFIG, "the memory type is not as required", "update the firmware")           \
	X(0x22, ACPI_CHECK, "an ACPI table is missing or invalid",                                 \
		"enable VT-d (the DMAR table) in the firmware; update the firmware")               \
	X(0x23, CLEAR_SECRETS, "secrets could not be cleared", "power off for a cold start")       \
	X(0x24, DMAR_CHECK, "the DMAR table is invalid",                                           \
		"enable VT-d and interrupt remapping in the firmware; update the firmware")        \
	X(0x25, SCHECK, "the firmware's security check failed",                                    \
		"load the firmware's defaults; update the firmware")                               \
	X(0x26, PMR_CONFIG, "protected memory regions are not as the loader requested",            \
		"VT-d translation must be off before the launch: another loader stage turned it "  \
		"on")                                                                              \
	X(0x27, BIOS_PROPERTIES, "the firmware interface table is wrong",                          \
		"flash the firmware again")                                                        \
	X(0x28, MLE_HEADER, "the launched environment's header is wrong",                          \
		"the tboot file is damaged or older than the SINIT supports")                      \
	X(0x29, LOCK_CONFIG, "the configuration could not be locked",                              \
		"power off for a cold start; update the firmware")                                 \
	X(0x2a, MLE_PAGE_TABLE, "the launched environment's page table is wrong",                  \
		"a fault of the loader: update tboot")                                             \
	X(0x2b, STM_CHECK, "the SMM transfer monitor is required but wrong or absent",             \
		"disable STM in the firmware, or drop the STM element from the launch control "    \
		"policy")                                                                          \
	X(0x2c, EXT2_CHIPSET, "graphics memory is unlocked or wrongly set up",                     \
		"load the firmware's defaults; update the firmware")                               \
	X(0x2d, EXT_CHIPSET, "the firmware left the chipset unlocked or wrongly set up",           \
		"switch overclocking off; load the firmware's defaults; update the firmware")      \
	X(0x2e, LCP, "the launch control policy refused the launch",                               \
		"read NV index 0x01c10106 and the policy file; `lcp2_crtpol --show`; the major "   \
		"code says what did not match")                                                    \
	X(0x2f, SANITY, "a sanity check of memory or VT-d failed",                                 \
		"power off for a cold start; update the firmware")                                 \
	X(0x30, HEAP_CHECK, "what the loader or firmware put in the TXT heap is not accepted",     \
		"tboot and SINIT must fit each other: update tboot or take an older SINIT")

/* X(class, major, symbol, meaning) */
#define TXT_ACM_MAJORS(X)                                                                        \
	X(0x01, 0x01, LAUNCH, "entered the wrong way, or reserved launch flags set")             \
	X(0x01, 0x02, NEM_ENABLED, "no-eviction mode is still on")                               \
	X(0x01, 0x03, CPU_LT_TYPE, "client module on a server processor, or the other way")      \
	X(0x01, 0x04, DEV_ID, "not made for this chipset")                                       \
	X(0x01, 0x05, CPU_ID, "not made for this processor")                                     \
	X(0x01, 0x06, NO_UCODE_UPDATE, "no microcode update is loaded")                          \
	X(0x01, 0x07, DEBUG_MCU, "a debug microcode update is loaded")                           \
	X(0x01, 0x08, DMI_LINK_DOWN, "the chipset link is down")                                 \
	X(0x01, 0x09, ACM_REVOKED, "this version of the module is revoked: take a newer one")    \
	X(0x01, 0x0a, TPM_DOUBLE_AUX, "the TPM has two AUX indices")                             \
	X(0x01, 0x0c, ORIGINAL_EIP,                                                              \
		"the launching instruction lies too close to the segment limit")                 \
	X(0x01, 0x0d, DEBUG_INTERFACE, "the silicon debug interface is enabled or not locked")   \
	X(0x01, 0x0e, PS_NOT_LOCKED, "a production module wants the PS index write-locked")      \
	X(0x01, 0x0f, LOCK_CONFIG, "the configuration is not locked")                            \
	X(0x01, 0x10, SACM_FAIL, "the start-up module failed")                                   \
	X(0x01, 0x11, ACM_FATAL, "a fatal error")                                                \
	X(0x01, 0x12, CPU_PCH_MISMATCH, "processor and chipset do not belong together")          \
	X(0x01, 0x14, INVALID_HEADER, "invalid header")                                          \
	X(0x02, 0x01, RULE1,                                                                     \
		"MTRRs disabled, fixed MTRRs enabled, or the default type is not uncacheable")   \
	X(0x02, 0x02, RULE2, "a variable MTRR is not write-back")                                \
	X(0x02, 0x03, RULE3, "variable MTRRs overlap")                                           \
	X(0x02, 0x04, RULE4, "a variable MTRR's base is not aligned to its size")                \
	X(0x02, 0x05, RULE5, "variable MTRRs cover more than the module")                        \
	X(0x02, 0x06, RULE6, "there are gaps between variable MTRRs")                            \
	X(0x02, 0x07, MASK, "high bits of an MTRR mask are wrong")                               \
	X(0x02, 0x08, MAP, "the module overlaps the TXT registers")                              \
	X(0x03, 0x01, BASIC, "a range is misaligned, inverted or misplaced")                     \
	X(0x03, 0x02, OVERLAP, "ranges overlap")                                                 \
	X(0x03, 0x03, SEQUENCE, "ranges are not in the required order")                          \
	X(0x03, 0x04, NOT_CONTAINED, "a range lies outside the one that must hold it")           \
	X(0x04, 0x01, TPM_ERROR, "the TPM returned an error")                                    \
	X(0x04, 0x02, LOCALITY, "a locality is not available")                                   \
	X(0x04, 0x03, ACCESS, "a locality could not be taken or given back")                     \
	X(0x04, 0x04, NV_UNLOCKED, "the TPM's NV memory is not locked")                          \
	X(0x04, 0x05, DISABLED, "the TPM is disabled")                                           \
	X(0x04, 0x06, DEACTIVATED, "the TPM is deactivated")                                     \
	X(0x04, 0x07, NV_INDEX,                                                                  \
		"an NV index (AUX, PS or PO) has wrong attributes, size or policy")              \
	X(0x04, 0x08, BIOSAC, "SINIT and the BIOS module are incompatible: update the firmware") \
	X(0x04, 0x09, AUXREV, "the AUX index has an incompatible revision")                      \
	X(0x04, 0x0a, INBUF, "an input buffer is too short")                                     \
	X(0x04, 0x0b, OUTBUF, "an output buffer is too short")                                   \
	X(0x04, 0x0c, SECRETS, "secrets of an earlier launch are in memory: power off")          \
	X(0x04, 0x0d, INTERFACE, "this TPM interface is not supported")                          \
	X(0x04, 0x0e, FAMILY, "this TPM family is not supported")                                \
	X(0x04, 0x0f, BANKS, "too many PCR banks are active")                                    \
	X(0x04, 0x10, ALGORITHM,                                                                 \
		"a required hash algorithm is missing: activate the SHA-256 bank")               \
	X(0x04, 0x11, NV_READ_ONLY, "an NV index is read-only")                                  \
	X(0x04, 0x12, NV_SIZE, "an NV access goes past the index")                               \
	X(0x04, 0x13, NO_TPM, "no TPM found")                                                    \
	X(0x04, 0x14, BANKS_UNSUPPORTED, "none of the active PCR banks is supported")            \
	X(0x04, 0x15, SCRTM, "measuring from locality 3 failed")                                 \
	X(0x04, 0x1b, SHORT_RESPONSE, "a buffer is too short for the TPM's response")            \
	X(0x04, 0x1c, PARAMETER, "an invalid parameter for the TPM driver")                      \
	X(0x04, 0x1d, WRITE_RETRIES, "the TPM did not take a command")                           \
	X(0x04, 0x1e, READ_RETRIES, "the TPM did not deliver its response")                      \
	X(0x04, 0x1f, TIMEOUT, "the TPM did not answer in time")                                 \
	X(0x05, 0x01, RANGE_ENABLES, "base or size of heap, SINIT memory or DPR is invalid")     \
	X(0x05, 0x02, RANGE_SIZES, "heap, SINIT memory or DPR is too small")                     \
	X(0x05, 0x06, MC_NOT_LOCKED, "the memory controller is not locked")                      \
	X(0x05, 0x07, MC_LOCKED, "the memory controller is locked")                              \
	X(0x05, 0x08, LT_NOT_LOCKED, "the TXT configuration is not locked (MSR 2E7h)")           \
	X(0x05, 0x09, REMAP, "memory remapping is wrong")                                        \
	X(0x05, 0x0a, SMRR, "SMRR is wrong")                                                     \
	X(0x05, 0x0b, SINIT_PLACE, "the module does not lie in SINIT memory")                    \
	X(0x05, 0x0c, APIC, "not launched by the boot processor")                                \
	X(0x05, 0x0d, PMR, "protected memory regions differ between VT-d units")                 \
	X(0x05, 0x0e, DPR, "the DMA protected range is disabled, too small or misplaced")        \
	X(0x05, 0x0f, TOLUD, "TOLUD is unlocked")                                                \
	X(0x05, 0x10, ME_UMA, "ME memory is wrong")                                              \
	X(0x05, 0x11, TOM, "TOM is wrong")                                                       \
	X(0x05, 0x15, TSEG, "TSEG is unlocked")                                                  \
	X(0x05, 0x16, TOUUD, "TOUUD is unlocked or wrong")                                       \
	X(0x05, 0x17, PCIEX, "the PCI Express window is wrong")                                  \
	X(0x05, 0x18, WAKE_ERROR, "TXT.ESTS.WAKE_ERROR is set: power off")                       \
	X(0x05, 0x19, FLASH, "flash decoding is wrong or unlocked")                              \
	X(0x05, 0x1a, MCHBAR, "MCHBAR is disabled or misplaced")                                 \
	X(0x05, 0x1b, SMRR2, "SMRR2 is wrong")                                                   \
	X(0x05, 0x1c, BTG_PROFILE, "this Boot Guard profile is not supported")                   \
	X(0x07, 0x01, RLP_TIMEOUT, "application processors did not wake up in time")             \
	X(0x07, 0x02, RLP_UCODE, "an application processor has no microcode update")             \
	X(0x07, 0x03, RLP_SMRR, "SMRR differs between processors")                               \
	X(0x07, 0x04, RLP_SMRR2, "SMRR2 differs between processors")                             \
	X(0x08, 0x01, INTERRUPT, "an exception inside the module")                               \
	X(0x08, 0x02, MISC_TIMEOUT, "a time-out")                                                \
	X(0x08, 0x03, THREAD, "a thread did not join")                                           \
	X(0x08, 0x05, PREVIOUS_ERROR, "an earlier launch left an error: power off")              \
	X(0x08, 0x06, RANDOM, "no random numbers")                                               \
	X(0x08, 0x10, OWNER_FORBIDS, "revocation module: forbidden by the owner")                \
	X(0x08, 0x13, ALREADY_REVOKED, "revocation module: already revoked")                     \
	X(0x0b, 0x03, ALIAS, "two addresses reach the same memory")                              \
	X(0x0c, 0x03, STARTUP_TPM, "the TPM failed at start-up")                                 \
	X(0x0c, 0x04, STARTUP_TXT, "the platform's TXT policy forbids it")                       \
	X(0x13, 0x01, PCR17, "PCR 17 differs")                                                   \
	X(0x13, 0x02, PCR18, "PCR 18 differs")                                                   \
	X(0x13, 0x03, PCR_MAPPING, "the requested PCR mapping is not supported: pcr_map=da")     \
	X(0x14, 0x01, LOG_GUID, "the log's header is unknown")                                   \
	X(0x14, 0x02, LOG_VERSION, "the log's version is not supported")                         \
	X(0x14, 0x03, LOG_OFFSETS, "the log's marks do not fit each other")                      \
	X(0x14, 0x04, LOG_SIZE, "the log is too small")                                          \
	X(0x22, 0x01, RSDP, "the RSDP's checksum is wrong")                                      \
	X(0x22, 0x02, RSDT, "there is no RSDT")                                                  \
	X(0x22, 0x04, NO_DMAR, "there is no DMAR table: enable VT-d")                            \
	X(0x22, 0x05, BAD_DMAR, "the DMAR table does not validate")                              \
	X(0x22, 0x06, NO_MADT, "there is no MADT")                                               \
	X(0x22, 0x07, BAD_MADT, "the MADT does not validate")                                    \
	X(0x22, 0x0a, NO_MCFG, "there is no MCFG")                                               \
	X(0x24, 0x01, DMAR_TYPE, "the DMAR table has an unknown structure")                      \
	X(0x24, 0x03, DMAR_LENGTH, "the DMAR table's length is wrong")                           \
	X(0x24, 0x04, DMAR_IR, "interrupt remapping is required but absent")                     \
	X(0x24, 0x05, DMAR_WIDTH, "the DMAR table's address width is wrong")                     \
	X(0x24, 0x08, DRHD, "a remapping unit's entry is wrong")                                 \
	X(0x24, 0x09, RMRR, "a reserved region's entry is wrong")                                \
	X(0x26, 0x01, DMA_REMAP, "DMA remapping is already on")                                  \
	X(0x26, 0x02, PMR_LOW, "the low region is not as requested")                             \
	X(0x26, 0x03, PMR_HIGH, "the high region is not as requested")                           \
	X(0x28, 0x01, MLE_ADDRESS, "the header's address is wrong")                              \
	X(0x28, 0x02, MLE_GUID, "the header's identifier is wrong")                              \
	X(0x28, 0x03, MLE_VERSION, "the header's version is too old")                            \
	X(0x28, 0x04, MLE_FIRST_PAGE, "the first page is wrong")                                 \
	X(0x28, 0x05, MLE_SIZE, "the size is wrong")                                             \
	X(0x28, 0x06, MLE_ENTRY, "the entry point is outside")                                   \
	X(0x28, 0x07, MLE_CAPABILITIES, "the capabilities do not fit the module's")              \
	X(0x2a, 0x01, MLE_RANGE, "a page lies where it must not")                                \
	X(0x2a, 0x02, MLE_PAGE, "pages are missing or not in ascending order")                   \
	X(0x2a, 0x03, MLE_BIG_PAGE, "a large page is used")                                      \
	X(0x2a, 0x04, MLE_TABLE, "page directory or table pages are misplaced")                  \
	X(0x2a, 0x05, MLE_HASHED_SIZE, "the size differs from the pages mapped")                 \
	X(0x2a, 0x06, MLE_RLP_ENTRY, "the join address is outside")                              \
	X(0x2e, 0x02, SINIT_REVOKED, "the policy wants a newer SINIT")                           \
	X(0x2e, 0x03, BIOSAC_REVOKED, "the policy wants a newer BIOS module")                    \
	X(0x2e, 0x04, NO_MATCH, "no element of the policy matches what was launched")            \
	X(0x2e, 0x05, AUTOPROMOTE, "the firmware's hash is not the one recorded")                \
	X(0x2e, 0x06, FAILSAFE, "the fail-safe hash is not met")                                 \
	X(0x2e, 0x07, PO_INTEGRITY,                                                              \
		"the owner's policy data do not belong to NV index 0x01c10106")                  \
	X(0x2e, 0x08, PS_INTEGRITY, "the supplier's policy data do not belong to its NV index")  \
	X(0x2e, 0x09, NPW, "a pre-production module is not allowed")                             \
	X(0x2e, 0x0a, NOT_PROVISIONED, "the TPM lacks an NV index that TXT needs")               \
	X(0x2e, 0x10, NO_PO, "there are policy data, but no NV index 0x01c10106")                \
	X(0x2f, 0x02, VTD, "VT-d is not set up as required")                                     \
	X(0x2f, 0x03, DMAR, "the DMAR table does not fit the hardware")                          \
	X(0x30, 0x01, SIZE, "a part of the heap has a wrong size")                               \
	X(0x30, 0x02, VERSION, "the version of a part is not supported")                         \
	X(0x30, 0x03, PMRL, "the low protected region is misaligned")                            \
	X(0x30, 0x04, PMRH, "the high protected region is misaligned")                           \
	X(0x30, 0x05, MLE_LOCATION, "the launched environment lies above 4 GiB")                 \
	X(0x30, 0x06, CAPABILITIES, "requested capabilities are not supported")                  \
	X(0x30, 0x07, HEAP_FULL, "the heap is too small")                                        \
	X(0x30, 0x08, ELEMENT_TYPE, "an extended element has an unknown type")                   \
	X(0x30, 0x09, ELEMENT_SIZE, "an extended element has a wrong size")                      \
	X(0x30, 0x0a, ELEMENT_END, "the extended elements do not end")                           \
	X(0x30, 0x0b, LOG_POINTER, "the event log's pointer is wrong")                           \
	X(0x30, 0x0c, ACPI_POINTER, "the ACPI pointer is above 4 GiB")

#endif
