#include "agent/answers.h"

#include <string.h>

void answers_init(struct answers *answers)
{
	for (size_t i = 0; i < ANSWER_SLOTS; i++)
		memset(&answers->slots[i], 0, offsetof(struct answer, body));
}

static bool same_client(const struct agent_address *a, const struct agent_address *b)
{
	return a->port == b->port && !memcmp(a->ip, b->ip, sizeof(a->ip));
}

static uint64_t idle_ns(const struct answer *answer, uint64_t now_ns)
{
	return now_ns > answer->touched_ns ? now_ns - answer->touched_ns : 0;
}

static bool same_request(const struct answer *answer, const void *request, size_t request_size)
{
	if (!request_size)
		return true;
	return answer->request_size == request_size &&
	       !memcmp(answer->request, request, request_size);
}

struct answer *answers_find(struct answers *answers, const struct agent_address *client,
	const void *request, size_t request_size, uint64_t now_ns)
{
	for (size_t i = 0; i < ANSWER_SLOTS; i++) {
		struct answer *answer = &answers->slots[i];

		if (!answer->used || !same_client(&answer->client, client) ||
			!same_request(answer, request, request_size) ||
			idle_ns(answer, now_ns) > ANSWER_LIFETIME_NS)
			continue;
		answer->touched_ns = now_ns;
		return answer;
	}
	return NULL;
}

static bool same_host(const struct agent_address *a, const struct agent_address *b)
{
	return !memcmp(a->ip, b->ip, sizeof(a->ip));
}

static unsigned held_by(const struct answers *answers, const struct agent_address *client)
{
	unsigned held = 0;

	for (size_t i = 0; i < ANSWER_SLOTS; i++)
		held += answers->slots[i].used && same_host(&answers->slots[i].client, client);
	return held;
}

/* How willingly a slot is given up for a new answer. */
enum willingness { NEVER, WHEN_IDLE, WHEN_COMPLETE, WHEN_FREE, SHARE_USED, SAME_CLIENT };

static enum willingness willingness(const struct answer *answer, const struct agent_address *client,
	bool share_used, uint64_t now_ns)
{
	if (!answer->used)
		return WHEN_FREE;
	if (same_client(&answer->client, client))
		return SAME_CLIENT;
	if (share_used && same_host(&answer->client, client))
		return SHARE_USED;
	if (answer->complete)
		return WHEN_COMPLETE;
	return idle_ns(answer, now_ns) > ANSWER_PATIENCE_NS ? WHEN_IDLE : NEVER;
}

struct answer *answers_claim(struct answers *answers, const struct agent_address *client,
	const void *request, size_t request_size, uint64_t now_ns)
{
	bool share_used = held_by(answers, client) >= ANSWER_PER_HOST;
	enum willingness best_willingness = NEVER;
	struct answer *best = NULL;

	for (size_t i = 0; i < ANSWER_SLOTS; i++) {
		struct answer *answer = &answers->slots[i];
		enum willingness w = willingness(answer, client, share_used, now_ns);

		if (w < best_willingness || w == NEVER)
			continue;
		if (w == best_willingness && best->touched_ns <= answer->touched_ns)
			continue;
		best = answer;
		best_willingness = w;
	}
	if (!best)
		return NULL;
	best->used = true;
	best->complete = false;
	best->client = *client;
	best->touched_ns = now_ns;
	best->body_size = 0;
	best->request_size = request_size;
	memcpy(best->request, request, request_size);
	return best;
}

void answers_release(struct answer *answer)
{
	answer->used = false;
}
