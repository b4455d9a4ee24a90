// Both engines have the same namespaces, so one block serves either.
global using Nuke.Common;
global using Nuke.Common.IO;
global using Nuke.Common.Utilities.Collections;
global using Serilog;
