#include "vmkuser/login.h"

#include "arch/x86/time.h"
#include "lib/keyval.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mem/heap.h"
#include "mem/space.h"
#include "trust/audit.h"
#include "vmkdev/tty.h"
#include "vmkmod/modules.h"
#include "vmkuser/accounts.h"
#include "vmkuser/call.h"
#include "vmkuser/supervise.h"

#include <string.h>
#include <vmkuser/info.h>

#define LOG_MODULE   "Console"
#define NS_PER_S     1000000000ull
#define IDLE_SECONDS 900u

/* Written by login_init() alone, before any world lives. */
static struct accounts accounts;
static bool impossible;
static char *config;
static size_t config_bytes;
static uint8_t secret[ACCOUNTS_SECRET_BYTES];
static uint64_t idle_ns; /* after how long without a key a session is over; 0: never */

/* After failures keys are looked at ever more seldom, whatever name and world they come with. */
static struct spinlock lock = SPINLOCK(LOCK_UWORLD);
static uint64_t delay_ns, next_ns;

static void copy_config(const char *text, size_t bytes)
{
	config = heap_alloc(bytes);
	if (!config) {
		vmk_error("no memory for the configuration: worlds cannot read it");
		return;
	}
	memcpy(config, text, bytes);
	accounts_mask(config, bytes);
	config_bytes = bytes;
}

/* console.timeout: seconds, 0 for ever. Whatever is none counts as if it were not there. */
static uint64_t timeout_of(const char *text, size_t bytes)
{
	uint64_t seconds = 0;
	char value[8];

	if (!text || keyval_get(text, bytes, "console.timeout", value, sizeof(value)) != VMK_OK ||
		!value[0])
		return IDLE_SECONDS;
	for (const char *digit = value; *digit; digit++) {
		if (*digit < '0' || *digit > '9')
			return IDLE_SECONDS;
		seconds = seconds * 10 + (uint64_t)(*digit - '0');
	}
	return seconds;
}

void login_init(void)
{
	const char *text, *why = "";
	size_t bytes;
	char key[KEYVAL_KEY_MAX + 1];
	unsigned line;

	text = modules_config(&bytes);
	if (text)
		copy_config(text, bytes);
	idle_ns = timeout_of(text, bytes) * NS_PER_S;
	impossible = text && accounts_parse(&accounts, text, bytes, &line, &why) != VMK_OK;
	accounts_secret(&accounts, secret);
	if (impossible) {
		accounts_key(text, bytes, line, key);
		vmk_error("line %u of the configuration (%s): %s: nobody can log in, the console "
			  "stays off",
			line, key, why);
	} else if (accounts.count)
		vmk_log("%u accounts may log in", accounts.count);
	else
		vmk_log("nobody is asked who he is: the configuration names no account");
}

bool login_required(void)
{
	return accounts.count || impossible;
}

bool login_impossible(void)
{
	return impossible;
}

const char *login_config(size_t *bytes)
{
	*bytes = config_bytes;
	return config;
}

unsigned login_count(void)
{
	return accounts.count;
}

bool login_describe(unsigned index, struct vmk_info_account *info)
{
	if (index >= accounts.count)
		return false;
	memcpy(info->name, accounts.list[index].name, sizeof(info->name));
	info->control = accounts.list[index].control;
	return true;
}

/* --- one world's log-in */

/* How long until a key is looked at: 0, now. */
static uint64_t wait_ns(void)
{
	uint64_t saved = spin_lock(&lock), now = time_ns(),
		 wait = next_ns > now ? next_ns - now : 0;

	spin_unlock(&lock, saved);
	return wait;
}

/* False: too soon. Whoever may try has used his chance with it, until it is known to be right. */
static bool take_turn(void)
{
	uint64_t saved = spin_lock(&lock), now = time_ns();
	bool may = next_ns <= now;

	if (may) {
		delay_ns = backoff_next(delay_ns, 0);
		next_ns = now + delay_ns;
	}
	spin_unlock(&lock, saved);
	return may;
}

static void forget_failures(void)
{
	uint64_t saved = spin_lock(&lock);

	delay_ns = next_ns = 0;
	spin_unlock(&lock, saved);
}

static const char *role_name(const struct account *account)
{
	return account->control ? "control" : "read";
}

static void refuse(const struct uworld *u, const struct vmk_login *login)
{
	const struct account *known = accounts_find(&accounts, login->name);

	/* A name that nobody has may be a password, typed too early; and for the limit all of them
	 * are one: there are too many. */
	audit_record(AUDIT_LOGIN_REFUSED, known ? known->name : WORLD_NAME(u), "world",
		WORLD_NAME(u), "account", known ? known->name : "unknown", "known",
		known ? "yes" : "no", NULL);
	vmk_warn("World %s: a log-in was refused", WORLD_NAME(u));
}

static enum vmk_status admit(
	struct uworld *u, const struct account *account, struct vmk_login *login)
{
	enum vmk_status status;

	u->account = account;
	/* login_idles() may have come upon the last session while that ended. */
	__atomic_store_n(&u->idled, false, __ATOMIC_RELAXED);
	__atomic_store_n(&u->typed_ns, time_ns(), __ATOMIC_RELAXED);
	supervise_look();
	forget_failures();
	audit_record(AUDIT_LOGIN, account->name, "world", WORLD_NAME(u), "account", account->name,
		"role", role_name(account), NULL);
	vmk_log("World %s: %s has logged in (%s)", WORLD_NAME(u), account->name,
		role_name(account));
	status = grant_handles(u);
	memset(&login->start, 0, sizeof(login->start));
	grant_describe(u, &login->start);
	return status;
}

static enum vmk_status prove(struct uworld *u, struct vmk_login *login)
{
	const struct account *account;

	if (!take_turn())
		return VMK_BUSY;
	account = accounts_check(&accounts, login);
	if (account)
		return admit(u, account, login);
	refuse(u, login);
	return VMK_BAD_SIGNATURE;
}

static enum vmk_status take_step(struct uworld *u, uint64_t step, struct vmk_login *login)
{
	login->name[sizeof(login->name) - 1] = 0;
	if (!accounts.count)
		return VMK_UNSUPPORTED;
	if (u->account)
		return VMK_BAD_STATE;
	if (step == VMK_LOGIN_PROVE)
		return prove(u, login);
	if (step != VMK_LOGIN_CHALLENGE)
		return VMK_BAD_PARAM;
	accounts_challenge(&accounts, secret, login);
	return VMK_OK;
}

/* (tty, VMK_LOGIN_*, struct vmk_login *) */
enum vmk_status call_login(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	struct vmk_login *login = (struct vmk_login *)u->scratch;
	enum vmk_status copied, status = call_object(u, args[0], VMK_KIND_TTY, RIGHT_READ, NULL);

	_Static_assert(sizeof(*login) <= SCRATCH_BYTES, "a log-in must fit the scratch buffer");
	if (status == VMK_OK)
		status = space_copy_in(u->space, login, args[2], sizeof(*login));
	if (status != VMK_OK)
		return status;
	status = take_step(u, args[1], login);
	memset(login->key, 0, sizeof(login->key));
	login->wait_ns = wait_ns();
	copied = space_copy_out(u->space, args[2], login, sizeof(*login));
	return copied == VMK_OK ? status : copied;
}

static const char *end_name(const struct uworld *u)
{
	if (__atomic_load_n(&u->idled, __ATOMIC_RELAXED))
		return "idle";
	return u->exited ? "asked" : "the world ended";
}

void login_typed(struct uworld *u)
{
	if (u->account)
		__atomic_store_n(&u->typed_ns, time_ns(), __ATOMIC_RELAXED);
}

bool login_idles(struct uworld *u, uint64_t now_ns, uint64_t *when_ns)
{
	const uint64_t typed = __atomic_load_n(&u->typed_ns, __ATOMIC_RELAXED);

	*when_ns = typed && idle_ns ? typed + idle_ns : 0;
	if (!*when_ns || now_ns < *when_ns)
		return false;
	*when_ns = 0;
	__atomic_store_n(&u->typed_ns, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&u->idled, true, __ATOMIC_RELAXED);
	return true;
}

void login_end(struct uworld *u)
{
	u->session_over = u->account != NULL;
	if (!u->account)
		return;
	audit_record(AUDIT_LOGOUT, u->account->name, "world", WORLD_NAME(u), "account",
		u->account->name, "why", end_name(u), NULL);
	vmk_log("World %s: %s has logged out", WORLD_NAME(u), u->account->name);
	/* What was typed and never entered is not what the next line begins with. */
	if (__atomic_load_n(&u->idled, __ATOMIC_RELAXED))
		tty_write("\n", 1);
	u->account = NULL;
	__atomic_store_n(&u->typed_ns, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&u->idled, false, __ATOMIC_RELAXED);
}
