#include "CRunbookLab.h"
