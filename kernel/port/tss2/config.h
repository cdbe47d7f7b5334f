/* What tpm2-tss's configure script would have written, for the two libraries that we build. */
#ifndef PORT_TSS2_CONFIG_H
#define PORT_TSS2_CONFIG_H

#define PACKAGE_VERSION "4.1.3"

#endif
