/*
 * In the place of tboot-integration/txtsim/model/digest.h's streams and rsa_verify(), by the linker
 * (-Wl,--wrap of each): long contents that are digested again and again with a few bytes changed,
 * and signatures over them. What was asked for before digest_memo_begin() is answered as it was
 * then. Of what differs from it, one in DIGEST_MEMO_REAL is digested and verified by OpenSSL; of
 * the others the digests are of the blocks that differ, and no signature is one: to OpenSSL nothing
 * else would come out, but for digests whose bits nobody knows. What is unlike all of it goes to
 * OpenSSL.
 */
#ifndef FUZZ_MODELS_DIGEST_MEMO_H
#define FUZZ_MODELS_DIGEST_MEMO_H

#define DIGEST_MEMO_REAL 16u

void digest_memo_begin(void);

#endif
