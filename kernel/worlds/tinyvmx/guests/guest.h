/* What tinyvmx and its guests agree on. */
#ifndef TINYVMX_GUEST_H
#define TINYVMX_GUEST_H

#define PORT_TEXT            0xe9
#define PORT_COUNTER         0x510 /* reads: one more each time */
#define PORT_IRQ             0x514 /* a write raises IRQ_INPUT for a moment */
#define PORT_END             0xf4  /* a write of END_* */
#define END_OFF              0
#define END_RESET            1
#define END_FAULT            2 /* the VMX world dies */
#define MEMORY_COUNTER       0xfeb00000
#define IRQ_INPUT            5
#define LARGE_MEMORY         0x4000000  /* of `secret` and `spy` */
#define OVERCOMMITTED_MEMORY 0x10000000 /* of `eater` */
#define SECRET               0x5ec4e75e
#define KEEPER_VEIL          0x5a
#define KEEPER_VEILED        "veiled: found nowhere as it is.." /* 32 bytes, each to be XORed with it */

#endif
