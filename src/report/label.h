/* The labels of a box. */
#ifndef CW_REPORT_LABEL_H
#define CW_REPORT_LABEL_H

#include "base/text.h"

#define LABEL_SHOWS  N_("Windows shows")
#define LABEL_SEEN   N_("Seen")
#define LABEL_WHY    N_("Why")
#define LABEL_FIX    N_("Fix")
#define LABEL_PROVE  N_("Prove it")
#define LABEL_SOURCE N_("Source")

#endif
