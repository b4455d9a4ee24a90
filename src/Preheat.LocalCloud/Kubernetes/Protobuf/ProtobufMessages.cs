using System.Globalization;

namespace Preheat.LocalCloud.Kubernetes.Protobuf;

/// <summary>One field of a message.</summary>
/// <param name="Name">Its name in JSON; empty for a message whose fields stand in the outer object.</param>
/// <param name="Type">
/// <c>text</c>, <c>int</c>, <c>bool</c>, <c>bytes</c>, <c>quantity</c>, <c>int-or-text</c>, <c>time</c>, <c>micro-time</c>, <c>duration</c>, <c>raw</c> (JSON in bytes),
/// <c>items</c> (a message with one list of texts), or a message's name.
/// </param>
/// <param name="Form">How often the type stands.</param>
/// <param name="Keeps">Also an empty value means something; elsewhere it stands for an absent field.</param>
internal sealed record ProtobufField(string Name, string Type, ProtobufForm Form, bool Keeps);

internal enum ProtobufForm
{
    One,
    List,
    Map,
}

/// <summary>
/// Field numbers of the built-in kinds, after the <c>generated.proto</c> files and the types of https://github.com/kubernetes/api (0.36): in a table of
/// <c>APIVERSION KIND = MESSAGE</c> and <c>MESSAGE NUMBER:NAME:TYPE…</c>, <c>[T]</c> a list, <c>{T}</c> a map by text, <c>*</c> for a field that keeps empty values.
/// </summary>
internal static class ProtobufMessages
{
    private static readonly Lazy<(Dictionary<string, string> Kinds, Dictionary<string, Dictionary<int, ProtobufField>> Messages)> Table = new(Read);

    /// <summary>The message of a kind; null when it has none here, as the kinds of definitions never have.</summary>
    public static string? OfKind(string apiVersion, string kind) => Table.Value.Kinds.GetValueOrDefault(kind == "DeleteOptions" ? kind : $"{apiVersion} {kind}");

    public static IReadOnlyDictionary<int, ProtobufField> Fields(string message) => Table.Value.Messages[message];

    private static (Dictionary<string, string>, Dictionary<string, Dictionary<int, ProtobufField>>) Read()
    {
        using var reader = new StreamReader(typeof(ProtobufMessages).Assembly.GetManifestResourceStream("protobuf-messages.txt")!);
        var (kinds, messages) = (new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, Dictionary<int, ProtobufField>>(StringComparer.Ordinal));
        while (reader.ReadLine() is { } line)
        {
            switch (line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                case [var apiVersion, var kind, "=", var message]:
                    kinds.Add(kind == "DeleteOptions" ? kind : $"{apiVersion} {kind}", message);
                    break;
                case [var message, .. var fields]:
                    messages.Add(message, fields.Select(field => field.Split(':')).ToDictionary(parts => int.Parse(parts[0], CultureInfo.InvariantCulture), Field));
                    break;
            }
        }

        return (kinds, messages);
    }

    private static ProtobufField Field(string[] parts)
    {
        var (type, keeps) = (parts[2].TrimEnd('*'), parts[2].EndsWith('*'));
        return type[0] switch
        {
            '[' => new ProtobufField(parts[1], type[1..^1], ProtobufForm.List, keeps),
            '{' => new ProtobufField(parts[1], type[1..^1], ProtobufForm.Map, keeps),
            _ => new ProtobufField(parts[1], type, ProtobufForm.One, keeps),
        };
    }
}
