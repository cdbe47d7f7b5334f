/* The PHY of the 82576 and later, which management firmware uses too. Pure over struct intel_io. */
#ifndef IGB_PHY_H
#define IGB_PHY_H

#include "../intel/intel.h"

/* Has the PHY negotiate a link. False if firmware does not let go of it: then it is firmware's. */
bool igb_phy_negotiate(const struct intel_io *io);

#endif
