using NJsonSchema;

namespace Preheat.EndToEnd.Tests;

/// <summary>The published form of <c>run.json</c>.</summary>
public static class RunSchema
{
    /// <summary>Asserts that the record of a deployment's last run has it.</summary>
    public static async Task ShouldHoldAsync(Workplace place, string deployment)
    {
        var schema = await JsonSchema.FromFileAsync(Path.Combine(Workplace.Root, "docs", "run.schema.json"));
        schema.Validate(place.Json(deployment, "run.json").GetRawText()).ShouldBeEmpty();
    }
}
