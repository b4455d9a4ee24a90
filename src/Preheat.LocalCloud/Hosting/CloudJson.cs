using System.Text.Json.Serialization;

namespace Preheat.LocalCloud.Hosting;

/// <summary>Serializer made at compile time, so that reading and writing <c>endpoint.json</c> needs no reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    NewLine = "\n")]
[JsonSerializable(typeof(LocalEndpoint))]
internal sealed partial class CloudJson : JsonSerializerContext;
