/* The release that these sources are. */
#ifndef LIB_VERSION_H
#define LIB_VERSION_H

#define VMK_VERSION "0.1.0"

#endif
