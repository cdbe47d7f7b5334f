/* The table. Commands of one namespace stand together. */
#include "worlds/libvmk/handlers.h"

#define SCHEMA_OF(name, layout, ...)                                                             \
	static const struct column name##_columns[] = {__VA_ARGS__};                             \
	_Static_assert(                                                                          \
		(layout) != LAYOUT_TABLE ||                                                      \
			sizeof(name##_columns) / sizeof(name##_columns[0]) <= TABLE_COLUMNS_MAX, \
		"a table of more columns than are shown");                                       \
	static const struct schema name = SCHEMA(layout, name##_columns)

#define TEXT(name)   {name, CELL_TEXT}
#define NUMBER(name) {name, CELL_NUMBER}
#define BOOL(name)   {name, CELL_BOOL}

SCHEMA_OF(version, LAYOUT_LINES, TEXT("Version"));
SCHEMA_OF(version_get, LAYOUT_RECORD, TEXT("Product"), TEXT("Version"), TEXT("Build"),
	TEXT("Loaded By"));
SCHEMA_OF(module_list, LAYOUT_TABLE, TEXT("Name"), BOOL("Is Loaded"), BOOL("Is Enabled"));
SCHEMA_OF(module_get, LAYOUT_RECORD, TEXT("Module"), TEXT("Module File"), TEXT("Version"),
	TEXT("Kind"), TEXT("Provider"), NUMBER("Size"), BOOL("Is Loaded"), BOOL("Is Enabled"),
	TEXT("Signed Status"), TEXT("Signature Issuer"), TEXT("Signature Digest"),
	TEXT("Acceptance Level"), TEXT("Required Namespaces"), TEXT("Used By"),
	NUMBER("Memory Size"), NUMBER("Loads"), TEXT("Error"));
SCHEMA_OF(
	parameters, LAYOUT_TABLE, TEXT("Name"), TEXT("Type"), NUMBER("Value"), TEXT("Description"));
SCHEMA_OF(health, LAYOUT_TABLE, TEXT("Component"), TEXT("State"), TEXT("Since"), TEXT("Reason"));
SCHEMA_OF(settings, LAYOUT_TABLE, TEXT("Name"), TEXT("Type"), TEXT("Configured"), TEXT("Runtime"),
	TEXT("Default"), TEXT("Description"));
SCHEMA_OF(domains, LAYOUT_BLOCKS, TEXT("Name"), TEXT("Enforcement Level"), NUMBER("Worlds"),
	TEXT("System Calls"), TEXT("Port"), TEXT("Console"), BOOL("Configuration"), TEXT("Logs"),
	TEXT("Information"), TEXT("Control"), TEXT("Virtual Machines"), NUMBER("Memory Limit KiB"),
	NUMBER("Handle Limit"), NUMBER("Log Rate"), TEXT("CPU Shares"), TEXT("CPU Limit"),
	NUMBER("Denials"));
SCHEMA_OF(accounts, LAYOUT_TABLE, TEXT("User ID"), TEXT("Role"));
SCHEMA_OF(denials, LAYOUT_TABLE, TEXT("Domain"), TEXT("Action"), NUMBER("Denied"));
SCHEMA_OF(log_lines, LAYOUT_LINES, TEXT("Line"));
SCHEMA_OF(audit_list, LAYOUT_TABLE, NUMBER("Index"), TEXT("Time"), TEXT("Kind"), BOOL("Anchored"),
	TEXT("Record"));
SCHEMA_OF(audit_get, LAYOUT_RECORD, NUMBER("Records"), NUMBER("Anchored Records"),
	NUMBER("Checkpoints"), NUMBER("Only Counted"), NUMBER("Lost"), NUMBER("Bytes"),
	NUMBER("Bytes Max"), BOOL("Is Full"), TEXT("Head"));
SCHEMA_OF(trustedboot, LAYOUT_RECORD, BOOL("Drtm Enabled"), BOOL("Tpm Present"), TEXT("Launch"));
SCHEMA_OF(trustedboot_log, LAYOUT_TABLE, TEXT("Log"), NUMBER("PCR"), TEXT("Event"), TEXT("SHA256"),
	TEXT("Data"));
SCHEMA_OF(decoded, LAYOUT_TABLE, TEXT("Name"), TEXT("Value"));
SCHEMA_OF(signs, LAYOUT_TABLE, TEXT("Sign"), BOOL("Holds"), TEXT("Expected"), TEXT("Found"));
SCHEMA_OF(cpus, LAYOUT_BLOCKS, TEXT("CPU"), NUMBER("Id"), NUMBER("APIC ID"), NUMBER("Family"),
	NUMBER("Model"), NUMBER("Stepping"), TEXT("Vendor"), TEXT("Brand"), NUMBER("Core Speed"),
	BOOL("Is Online"), TEXT("Features"));
SCHEMA_OF(memory, LAYOUT_RECORD, TEXT("Physical Memory"), TEXT("Free Memory"), TEXT("Kernel Image"),
	TEXT("Kernel"), TEXT("Kernel Heap"), TEXT("Page Tables"), TEXT("User Worlds"), TEXT("DMA"),
	TEXT("Driver Modules"), TEXT("Kernel Heap In Use"), TEXT("Virtual Machines"), TEXT("VT-x"));
SCHEMA_OF(pci, LAYOUT_BLOCKS, TEXT("PCI Device"), TEXT("Address"), TEXT("Vendor ID"),
	TEXT("Device ID"), TEXT("Device Class"), TEXT("Programming Interface"),
	NUMBER("Interrupt Line"), TEXT("Module Name"));
SCHEMA_OF(nics, LAYOUT_TABLE, TEXT("Name"), TEXT("PCI Device"), TEXT("Driver"),
	TEXT("Admin Status"), TEXT("Link Status"), TEXT("MAC Address"), NUMBER("MTU"));
SCHEMA_OF(interfaces, LAYOUT_BLOCKS, TEXT("Interface"), TEXT("Name"), TEXT("MAC Address"),
	BOOL("Enabled"), TEXT("Portset"), TEXT("Portgroup"), TEXT("Netstack Instance"),
	NUMBER("MTU"), TEXT("IPv4 Address"));
SCHEMA_OF(ipv4, LAYOUT_TABLE, TEXT("Name"), TEXT("IPv4 Address"), TEXT("IPv4 Netmask"),
	TEXT("IPv4 Broadcast"), TEXT("Address Type"), TEXT("Gateway"));
SCHEMA_OF(stats, LAYOUT_TABLE, TEXT("Interface"), NUMBER("Packets Received"),
	NUMBER("Bytes Received"), NUMBER("Receive Packets Dropped"), NUMBER("Packets Sent"),
	NUMBER("Bytes Sent"), NUMBER("Transmit Packets Refused"));
SCHEMA_OF(hardening, LAYOUT_TABLE, TEXT("Name"), TEXT("State"), TEXT("Rule"), TEXT("Found"));
SCHEMA_OF(paths, LAYOUT_BLOCKS, TEXT("UID"), TEXT("Runtime Name"), TEXT("Device"),
	TEXT("Device Display Name"), TEXT("Adapter"), TEXT("Channel"), TEXT("Target"), TEXT("LUN"),
	TEXT("Plugin"), TEXT("State"), TEXT("Transport"));
SCHEMA_OF(world_stats, LAYOUT_TABLE, NUMBER("World ID"), TEXT("Name"), NUMBER("CPU"), TEXT("%USED"),
	TEXT("%RUN"), TEXT("%SYS"), TEXT("%WAIT"), TEXT("%VMWAIT"), TEXT("%RDY"), TEXT("%IDLE"),
	TEXT("%OVRLP"), TEXT("%CSTP"), TEXT("%MLMTD"), TEXT("%SWPWT"), NUMBER("Switches"),
	NUMBER("Migrations"), TEXT("Latency Sensitivity"), TEXT("VM"));
SCHEMA_OF(pools, LAYOUT_TABLE, TEXT("Path"), TEXT("Kind"), NUMBER("Shares"), TEXT("Reservation"),
	TEXT("Limit"), TEXT("Promised"), TEXT("Borrowed"), BOOL("Expandable"));
SCHEMA_OF(pool_get, LAYOUT_RECORD, TEXT("Path"), TEXT("Kind"), NUMBER("Shares"),
	TEXT("Reservation"), TEXT("Limit"), TEXT("Promised"), TEXT("Borrowed"), BOOL("Expandable"));
SCHEMA_OF(vm_sched, LAYOUT_RECORD, TEXT("Path"), TEXT("Kind"), NUMBER("Shares"),
	TEXT("Reservation"), TEXT("Limit"), TEXT("Promised"), TEXT("Borrowed"), BOOL("Expandable"),
	TEXT("vCPU Limit"));
SCHEMA_OF(skews, LAYOUT_TABLE, TEXT("Path"), TEXT("Longest Ms"), NUMBER("Below 0.5 Ms"),
	NUMBER("Below 1 Ms"), NUMBER("Below 2 Ms"), NUMBER("Below 3 Ms"), NUMBER("Below 4 Ms"),
	NUMBER("More"));
SCHEMA_OF(worlds, LAYOUT_TABLE, NUMBER("World ID"), TEXT("Name"), TEXT("Kind"), TEXT("Version"),
	TEXT("State"), TEXT("Since"), NUMBER("Lives"), NUMBER("Memory KiB"), NUMBER("Limit KiB"),
	TEXT("VM"));

SCHEMA_OF(vms, LAYOUT_TABLE, NUMBER("VM ID"), TEXT("Name"), TEXT("State"), NUMBER("World ID"),
	NUMBER("vCPUs"), NUMBER("Memory KiB"), NUMBER("CPU Shares"), BOOL("Autostart"));
SCHEMA_OF(vm_get, LAYOUT_RECORD, TEXT("Name"), NUMBER("VM ID"), TEXT("Package"), TEXT("Version"),
	TEXT("State"), TEXT("Since"), NUMBER("World ID"), NUMBER("vCPUs"), NUMBER("Memory KiB"),
	NUMBER("Memory Reservation KiB"), NUMBER("Memory Limit KiB"), NUMBER("Memory Granted KiB"),
	NUMBER("Large Pages"), NUMBER("Balloon KiB"), NUMBER("Balloon Target KiB"),
	NUMBER("Kernel Memory Bytes"), NUMBER("Kernel Memory Bytes of a vCPU"),
	NUMBER("CPU Shares"), TEXT("CPU Reservation"), TEXT("CPU Limit"), TEXT("vCPU Limit"),
	TEXT("Latency Sensitivity"), TEXT("CPU Affinity"), BOOL("Autostart"), NUMBER("Starts"),
	BOOL("Console In Use"), TEXT("Error"));

SCHEMA_OF(vm_memory, LAYOUT_TABLE, TEXT("Of"), TEXT("Says"), NUMBER("Value"), TEXT("Unit"));

#define PING_OPTIONS                                   \
	{.name = "host",                               \
		.letter = 'H',                         \
		.type = OPTION_TEXT,                   \
		.required = true,                      \
		.positional = true,                    \
		.help = "IPv4 address to ask"},        \
		{.name = "count",                      \
			.letter = 'c',                 \
			.type = OPTION_NUMBER,         \
			.least = 1,                    \
			.most = 100000,                \
			.help = "packets to send; 3"}, \
		{.name = "size",                       \
			.letter = 's',                 \
			.type = OPTION_NUMBER,         \
			.most = 1472,                  \
			.help = "bytes of data; 56"},  \
		{.name = "wait",                       \
			.letter = 'W',                 \
			.type = OPTION_NUMBER,         \
			.least = 1,                    \
			.most = 60,                    \
			.help = "seconds to wait for each answer; 1"}
#define SETTINGS_OPTION(required_)        \
	{.name = "setting",               \
		.letter = 's',            \
		.type = OPTION_CHOICE,    \
		.choices = "enableTboot", \
		.required = (required_),  \
		.positional = true,       \
		.help = "its name"}
#define SETTINGS_VALUE                                      \
	{.name = "value",                                   \
		.letter = 'v',                              \
		.type = OPTION_CHOICE,                      \
		.choices = "true|false|TRUE|FALSE|default", \
		.required = true,                           \
		.positional = true,                         \
		.help = "default: as boot.cfg says"}
#define VM_OPTION                    \
	{.name = "vm",               \
		.letter = 'm',       \
		.type = OPTION_TEXT, \
		.required = true,    \
		.positional = true,  \
		.help = "its name"}
#define POOL_OPTION                  \
	{.name = "path",             \
		.letter = 'p',       \
		.type = OPTION_TEXT, \
		.required = true,    \
		.positional = true,  \
		.help = "as host/user"}
#define POOL_NUMBER(name_, least_, most_, help_) \
	{.name = (name_),                        \
		.type = OPTION_NUMBER,           \
		.least = (least_),               \
		.most = (most_),                 \
		.help = (help_)}
#define POOL_NUMBERS                                                            \
	POOL_NUMBER("shares", 1, 1000000, "its part beside its siblings"),      \
		POOL_NUMBER("reservation", 0, 102400,                           \
			"percent of one CPU that it has in any case; 0: none"), \
		POOL_NUMBER("limit", 0, 102400, "and has at most; 0: no limit")
#define MODULE_OPTION                \
	{.name = "module",           \
		.letter = 'm',       \
		.type = OPTION_TEXT, \
		.required = true,    \
		.positional = true,  \
		.help = "its name"}
#define INTERVAL_OPTION                \
	{.name = "interval",           \
		.letter = 'i',         \
		.type = OPTION_NUMBER, \
		.least = 1,            \
		.most = 60,            \
		.help = "seconds; 1"}
#define REASON_OPTION \
	{.name = "reason", .letter = 'r', .type = OPTION_TEXT, .help = "for vmkernel.log"}

const struct name_space vmk_namespaces[] = {
	{"hardware", "What the machine is made of"},
	{"hardware cpu", "Processors"},
	{"hardware memory", "Memory"},
	{"hardware pci", "PCI devices"},
	{"hardware trustedboot", "The measured launch and the TPM"},
	{"hardware trustedboot heap",
		"The TXT heap: what firmware, tboot and SINIT told each other"},
	{"hardware trustedboot register", "The registers of Intel TXT"},
	{"hardware trustedboot sign", "The signs from which the launch verdict is drawn"},
	{"hardware trustedboot status", "Intel TXT: launched, or why not, and what to do"},
	{"hardware trustedboot tboot", "What tboot wrote while it launched"},
	{"network", "Adapters, interfaces, reachability"},
	{"network diag", "Is a host there?"},
	{"network ip", "IP interfaces"},
	{"network ip interface", "VMkernel network interfaces"},
	{"network ip interface ipv4", "IPv4 addresses of the interfaces"},
	{"network ip interface stats", "What passed through the interfaces"},
	{"network nic", "Network adapters"},
	{"selftest", "What the VMkernel checks of itself"},
	{"storage", "Storage"},
	{"storage core", "Storage devices and paths"},
	{"storage core path", "Storage paths"},
	{"system", "The VMkernel"},
	{"system account", "Who may log in at the console"},
	{"system auditrecords", "What matters to security, since boot"},
	{"system health", "What works and what does not"},
	{"system health status", "What works and what does not"},
	{"system log", "vmkernel.log"},
	{"system module", "What was loaded"},
	{"system module parameters", "Numbers that a driver is started with"},
	{"system secpolicy", "What user worlds may do"},
	{"system secpolicy denial", "What user worlds were denied"},
	{"system secpolicy domain", "Security domains"},
	{"system settings", "Settings that outlive a boot"},
	{"system settings kernel", "Settings of the VMkernel"},
	{"system shutdown", "Leaving"},
	{"system version", "Which release this is"},
	{"sched", "The scheduler"},
	{"sched pool", "Resource pools: parts of the CPUs' time"},
	{"sched skew", "Co-scheduling"},
	{"sched stats", "How worlds spend their time"},
	{"vm", "Virtual machines"},
	{"vm memory", "Memory of virtual machines"},
	{"vm sched", "CPU time of virtual machines"},
	{"world", "Worlds: all that is scheduled"},
	{"world stats", "How worlds spend their time"},
	{NULL, NULL},
};

const struct command vmk_commands[] = {
	{"hardware cpu list", "List the processors", &cpus, cmd_cpu_list, {{0}}},
	{"hardware memory get", "How much memory there is and what it is used for", &memory,
		cmd_memory_get, {{0}}},
	{"hardware pci list", "List the PCI devices", &pci, cmd_pci_list, {{0}}},
	{"hardware trustedboot get", "Was this host launched through Intel TXT, and is there a TPM",
		&trustedboot, cmd_trustedboot_get, {{0}}},
	{"hardware trustedboot heap list", "The TXT heap in words", &decoded, cmd_txt_heap, {{0}}},
	{"hardware trustedboot log", "The event logs of the launch", &trustedboot_log,
		cmd_trustedboot_log, {{0}}},
	{"hardware trustedboot register list", "The registers of Intel TXT in words", &decoded,
		cmd_txt_registers, {{0}}},
	{"hardware trustedboot sign list",
		"The signs of a measured launch, as expected and as found", &signs,
		cmd_trustedboot_signs, {{0}}},
	{"hardware trustedboot status get",
		"Was there a launch through Intel TXT; if not, why, and what to do", &decoded,
		cmd_txt_status, {{0}}},
	{"hardware trustedboot tboot list", "What tboot's log says of the launch", &decoded,
		cmd_tboot_findings, {{0}}},
	{"hardware trustedboot tboot log", "The text of tboot's log", &log_lines, cmd_tboot_log,
		{{.name = "lines",
			.letter = 'n',
			.type = OPTION_NUMBER,
			.least = 1,
			.most = 10000,
			.help = "only so many, from its beginning"}}},
	{"network diag ping", "Ask a host for an answer (ICMP echo)", NULL, cmd_ping,
		{PING_OPTIONS}},
	{"network ip interface ipv4 get", "The IPv4 addresses that the interfaces' worlds use",
		&ipv4, cmd_ipv4_get, {{0}}},
	{"network ip interface list", "List the VMkernel's network interfaces", &interfaces,
		cmd_interface_list, {{0}}},
	{"network ip interface stats get", "What passed through the interfaces", &stats,
		cmd_port_stats, {{0}}},
	{"network nic list", "List the network adapters", &nics, cmd_nic_list, {{0}}},
	{"sched pool get", "Show one of them", &pool_get, cmd_pool_get, {POOL_OPTION}},
	{"sched pool list", "List resource pools and the VMs in them; percentages are of one CPU",
		&pools, cmd_pool_list, {{0}}},
	{"sched pool set",
		"Give a resource pool or a VM that is on another part of the CPUs' time, until the "
		"next boot or power-off",
		NULL, cmd_pool_set, {POOL_OPTION, POOL_NUMBERS}},
	{"sched skew list", "How often vCPUs were how many ms ahead of their VM's slowest one",
		&skews, cmd_skew_list, {{0}}},
	{"sched stats get", "How worlds spend their time, in percent of one CPU over an interval",
		&world_stats, cmd_world_stats, {INTERVAL_OPTION}},
	{"selftest hardening",
		"Look at each rule that protects the VMkernel; exit status 1 if one fails",
		&hardening, cmd_selftest_hardening, {{0}}},
	{"storage core path list", "List the storage paths", &paths, cmd_path_list, {{0}}},
	{"system account list", "List the accounts of the host's configuration", &accounts,
		cmd_account_list, {{0}}},
	{"system auditrecords get", "How the audit log stands, and how much of it a PCR anchors",
		&audit_get, cmd_audit_get, {{0}}},
	{"system auditrecords list", "Show the last records of the audit log", &audit_list,
		cmd_audit_list,
		{{.name = "records",
			.letter = 'n',
			.type = OPTION_NUMBER,
			.least = 1,
			.most = 100000,
			.help = "how many; 50"}}},
	{"system health status get",
		"The state of the host's parts; exit status 0 green, 1 yellow or unknown, 2 red",
		&health, cmd_health_get, {{0}}},
	{"system log follow", "Show new lines of vmkernel.log until ctrl-c", NULL, cmd_log_follow,
		{{0}}},
	{"system log tail", "Show the last lines of vmkernel.log", &log_lines, cmd_log_tail,
		{{.name = "lines",
			.letter = 'n',
			.type = OPTION_NUMBER,
			.least = 1,
			.most = 1000,
			.help = "how many; 10"}}},
	{"system module get", "All that is known of a module", &module_get, cmd_module_get,
		{MODULE_OPTION}},
	{"system module list", "List the modules", &module_list, cmd_module_list, {{0}}},
	{"system module load", "Load a driver that was verified at boot", NULL, cmd_module_load,
		{MODULE_OPTION}},
	{"system module parameters list", "The parameters of a driver, as from its next start on",
		&parameters, cmd_parameters_list, {MODULE_OPTION}},
	{"system module parameters set",
		"Change a parameter from the driver's next start on, in this boot", NULL,
		cmd_parameters_set,
		{MODULE_OPTION, {.name = "parameter-string",
					.letter = 'p',
					.type = OPTION_TEXT,
					.required = true,
					.positional = true,
					.help = "NAME=NUMBER"}}},
	{"system module unload", "Stop a driver and take back all that it had", NULL,
		cmd_module_unload, {MODULE_OPTION}},
	{"system secpolicy denial list", "Count what was denied, by domain and kind of action",
		&denials, cmd_secpolicy_denial_list, {{0}}},
	{"system secpolicy domain list", "List the security domains with all that they grant",
		&domains, cmd_secpolicy_domain_list, {{0}}},
	{"system settings kernel list", "List the settings", &settings, cmd_settings_list,
		{SETTINGS_OPTION(false)}},
	{"system settings kernel set", "Change a setting from the next boot on", NULL,
		cmd_settings_set, {SETTINGS_OPTION(true), SETTINGS_VALUE}},
	{"system settings list", "List the settings", &settings, cmd_settings_list,
		{SETTINGS_OPTION(false)}},
	{"system settings set", "Change a setting from the next boot on", NULL, cmd_settings_set,
		{SETTINGS_OPTION(true), SETTINGS_VALUE}},
	{"system shutdown poweroff", "Switch the host off", NULL, cmd_power_off, {REASON_OPTION}},
	{"system shutdown reboot", "Start the host anew", NULL, cmd_reboot, {REASON_OPTION}},
	{"system version get", "Which release this is", &version_get, cmd_version_get, {{0}}},
	{"version", "Which release this is, in one line", &version, cmd_version, {{0}}},
	{"vm console",
		"Attach to a virtual machine's console; ~. at the beginning of a line leaves it",
		NULL, cmd_vm_console, {VM_OPTION}},
	{"vm create", "Make a virtual machine of a package that was loaded; it is off", NULL,
		cmd_vm_create,
		{{.name = "package",
			 .letter = 'p',
			 .type = OPTION_TEXT,
			 .required = true,
			 .positional = true,
			 .help = "as 'system module list' names it"},
			{.name = "name",
				.letter = 'n',
				.type = OPTION_TEXT,
				.positional = true,
				.help = "what it is called; default: as the package"}}},
	{"vm destroy", "Forget a virtual machine that is off; its package stays", NULL,
		cmd_vm_destroy, {VM_OPTION}},
	{"vm get", "All that is known of a virtual machine", &vm_get, cmd_vm_get, {VM_OPTION}},
	{"vm list", "List the virtual machines, whether they run or not", &vms, cmd_vm_list, {{0}}},
	{"vm memory get", "What host and guest say of a virtual machine's memory", &vm_memory,
		cmd_vm_memory_get, {VM_OPTION}},
	{"vm memory set",
		"Have a virtual machine make do with less memory, by its balloon, until it is off",
		NULL, cmd_vm_memory_set,
		{VM_OPTION, {.name = "target-kib",
				    .type = OPTION_NUMBER,
				    .required = true,
				    .most = 16777216,
				    .help = "so much at most; 0: its limit"}}},
	{"vm pause", "Have a virtual machine's processors stand still", NULL, cmd_vm_pause,
		{VM_OPTION}},
	{"vm reset", "Reset a virtual machine's board", NULL, cmd_vm_reset, {VM_OPTION}},
	{"vm resume", "Have a paused virtual machine go on", NULL, cmd_vm_resume, {VM_OPTION}},
	{"vm sched get", "Show the part of the CPUs' time of a virtual machine that is on",
		&vm_sched, cmd_vm_sched_get, {VM_OPTION}},
	{"vm sched set",
		"Give a virtual machine that is on another part of the CPUs' time, until it is "
		"off; "
		"what it reserves is its vCPUs', in equal parts",
		NULL, cmd_vm_sched_set,
		{VM_OPTION, POOL_NUMBERS,
			POOL_NUMBER("vcpu-limit", 0, 100,
				"percent of one CPU that each vCPU has at most; 0: no limit")}},
	{"vm start", "Power a virtual machine on", NULL, cmd_vm_start, {VM_OPTION}},
	{"vm stop", "Press a virtual machine's power button", NULL, cmd_vm_stop,
		{VM_OPTION, {.name = "hard",
				    .type = OPTION_FLAG,
				    .help = "switch it off, whatever it does"}}},
	{"vmkping", "Ask a host for an answer (ICMP echo)", NULL, cmd_ping, {PING_OPTIONS}},
	{"world list", "List the worlds: user worlds, then those of the kernel", &worlds,
		cmd_world_list, {{0}}},
	{"world stats get", "How worlds spend their time, in percent of one CPU over an interval",
		&world_stats, cmd_world_stats, {INTERVAL_OPTION}},
	{NULL, NULL, NULL, NULL, {{0}}},
};
