/*
 * RSA without its arithmetic, for OpenSSL and mbedTLS alike: all else of a signature, its padding
 * and who checks it, is theirs. Linked with -Wl,--wrap=mbedtls_mpi_exp_mod_unsafe. One message in
 * some is signed by OpenSSL, once; for the others the signature holds what is signed, a digest of
 * that and of the key, and a mark, and is good for just these. What is no such signature is raised
 * to its power by each library itself, once: what that gave is remembered. So nothing is judged
 * otherwise than by a scheme that nobody can forge.
 */
#ifndef FUZZ_MODELS_RSA_MEMO_H
#define FUZZ_MODELS_RSA_MEMO_H

/* Before OpenSSL knows any RSA key. */
void rsa_memo_begin(void);

#endif
