// The one place that knows which engine compiles this: both have the same namespaces, so the blocks differ only in what an engine adds.
#if BUNDLED_ENGINE
global using Nuke.Common;
global using Nuke.Common.IO;
global using Nuke.Common.Utilities.Collections;
global using Serilog;
#else
global using Nuke.Common;
global using Nuke.Common.IO;
global using Nuke.Common.Utilities.Collections;
global using Serilog;
#endif
