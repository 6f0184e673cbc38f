// Preloaded into the programs of a practice node; nothing links against it.
#pragma once
