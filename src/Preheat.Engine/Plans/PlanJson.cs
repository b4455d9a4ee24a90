using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Nuke.Common.Plans;

/// <summary>The plan as JSON, for other programs; the form is described in <c>docs/plan.md</c>.</summary>
internal static class PlanJson
{
    /// <summary>Changes when a field changes its meaning or goes; a new field does not change it.</summary>
    private const int Schema = 1;

    private static readonly JsonWriterOptions Form = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Create(PlanDocument plan)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Form))
        {
            json.WriteStartObject();
            json.WriteNumber("schema", Schema);
            json.WriteNumber("degreeOfParallelism", plan.Degree);
            json.WriteStartArray("targets");
            foreach (var target in plan.Targets)
            {
                Write(json, target);
            }

            json.WriteEndArray();
            json.WriteStartArray("parameters");
            foreach (var parameter in plan.Parameters)
            {
                Write(json, parameter);
            }

            json.WriteEndArray();
            Write(json, "problems", plan.Problems);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Write(Utf8JsonWriter json, PlannedTarget target)
    {
        json.WriteStartObject();
        json.WriteString("name", target.Name);
        json.WriteString("state", target.State switch
        {
            PlannedState.UpToDate => "upToDate",
            PlannedState.RuledOut => "ruledOut",
            PlannedState.Decided => "decidedWhenItRuns",
            PlannedState.Collective => "collective",
            PlannedState.Fails => "fails",
            _ => "runs",
        });
        json.WriteString("reason", target.Reason);
        json.WriteBoolean("invoked", target.IsInvoked);
        Write(json, "requestedBy", target.Requesters);
        Write(json, "after", target.After);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, PlannedValue parameter)
    {
        json.WriteStartObject();
        json.WriteString("name", parameter.Name);
        json.WriteString("value", parameter.Value);
        json.WriteString("source", parameter.Source.Kind switch
        {
            ValueSourceKind.CommandLine => "commandLine",
            ValueSourceKind.Environment => "environment",
            ValueSourceKind.ParametersFile => "parametersFile",
            _ => "default",
        });
        if (parameter.Source.Name is { } name)
        {
            json.WriteString("sourceName", name);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
