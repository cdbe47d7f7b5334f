/*
 * The digest by which UEFI firmware measures an application before it starts it: that of Windows
 * Authenticode Portable Executable Signature Format 1.0, "Calculating the PE Image Hash".
 */
#ifndef PREDICT_PE_H
#define PREDICT_PE_H

#include "policy/predict/buffer.h"

/* Pure. VMK_BAD_FORMAT with *why (static text) when it is not such an image. */
enum vmk_status pe_digest(const struct buffer *file, uint8_t digest[32], const char **why);

#endif
