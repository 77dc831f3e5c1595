/* `check -f`: many targets in one process. */
#ifndef CW_CMD_BATCH_H
#define CW_CMD_BATCH_H

#include "cmd/check_options.h"

int check_batch(struct app *app, const struct check_options *o);

#endif
