/*
 * OpenSSL's elliptic curves with less of their arithmetic, which takes longer than all else where
 * credentials are made and certificates checked. A new key is one of a few that OpenSSL has made,
 * which of them the random numbers say that it took; what OpenSSL said of a secret between two keys
 * or of a signature is remembered; and a signature that was good for one digest is good for no
 * other. One in some of each OpenSSL does itself. Linked with OpenSSL's archive and
 * -Wl,--wrap=EC_GROUP_new_by_curve_name_ex: curves are copied, not set up anew.
 */
#ifndef FUZZ_MODELS_EC_MEMO_H
#define FUZZ_MODELS_EC_MEMO_H

/* For keys that OpenSSL makes or reads from now on. */
void ec_memo_begin(void);

#endif
