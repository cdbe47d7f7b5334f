/* The families; each driver is one of them. */
#ifndef INTEL_MODELS_H
#define INTEL_MODELS_H

#include "intel.h"

extern const struct intel_model e1000_model, e1000e_model, igb_model;

#endif
