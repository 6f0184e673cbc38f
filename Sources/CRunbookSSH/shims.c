#include "CRunbookSSH.h"
