/* For the writers of this folder: room in a buffer that they fill in place. */
#ifndef CW_REPORT_OUT_BUF_H
#define CW_REPORT_OUT_BUF_H

#include "report/report.h"

/* Room for n bytes behind what is there, or NULL when memory is out. The caller writes at most
 * n bytes and adds what it wrote to len. */
char *out_room(struct out_buf *o, size_t n);

#endif
