using Preheat.Images;
using Preheat.Serving;

namespace Preheat.Tests.Images;

public sealed class ImageBuildRequestTests
{
    private static readonly ImageBuildRequest Plain = new(null, null, null, null, null, null, IsBaked: true);

    [Fact]
    public void Defaults_to_the_built_in_builder_a_registry_and_plain_layers()
    {
        var options = Validate(Plain);
        options.Builder.ShouldBe("built-in");
        options.ToLayout.ShouldBeFalse();
        options.Compression.ShouldBe(LayerCompression.None);
        options.Tag.ShouldBe("latest");
    }

    [Theory]
    [InlineData("none", LayerCompression.None)]
    [InlineData("gzip", LayerCompression.Gzip)]
    [InlineData("ZSTD", LayerCompression.Zstd)]
    public void Reads_the_compression(string text, LayerCompression expected) => Validate(Plain with { Compression = text }).Compression.ShouldBe(expected);

    [Fact]
    public void Lists_every_value_that_is_wrong()
    {
        var message = Refused(new ImageBuildRequest("podman", "amd64", ["https://host/"], "1", "tar", "-x", IsBaked: true));
        message.ShouldContain("6 values are wrong");
        foreach (var part in new[] { "--image-builder 'podman'", "--image-platform 'amd64'", "--insecure-registry 'https://host/'", "--layer-compression '1' is not allowed. Give one of none, gzip, zstd", "--image-tag '-x'", "--image-output 'tar' is not allowed. Give one of registry, oci-layout" })
            message.ShouldContain(part);
    }

    [Fact]
    public void A_layout_is_for_images_with_the_weights_inside() =>
        Refused(Plain with { Output = "oci-layout", IsBaked = false }).ShouldContain("--weights baked");

    [Theory]
    [InlineData("oci-layout", null)]
    [InlineData(null, "gzip")]
    public void Docker_neither_writes_a_layout_nor_chooses_a_compression(string? output, string? compression) =>
        Refused(Plain with { Builder = "docker", Output = output, Compression = compression }).ShouldContain("for the built-in builder");

    private static ImageBuildOptions Validate(ImageBuildRequest request) => request.Validate(new ParameterReader(_ => null, _ => { }));

    private static string Refused(ImageBuildRequest request) => Should.Throw<UserException>(() => Validate(request)).Message;
}
