/* `check activation`: its words, and the request made of them. */
#ifndef CW_CMD_CHECK_ACTIVATION_H
#define CW_CMD_CHECK_ACTIVATION_H

#include "cmd/target.h"

extern const struct target_kind target_activation;

#endif
