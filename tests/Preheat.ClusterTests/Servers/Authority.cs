using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Preheat.ClusterTests.Servers;

/// <summary>A certificate authority of a cluster's own, with the certificates that it gives as PEM files in one folder.</summary>
internal sealed class Authority : IDisposable
{
    private static readonly Oid[] Usages = [new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")];

    private readonly DateTimeOffset _from = DateTimeOffset.UtcNow.AddHours(-1);
    private readonly DateTimeOffset _until = DateTimeOffset.UtcNow.AddDays(2);
    private readonly string _folder;
    private readonly X509Certificate2 _certificate;

    public Authority(string folder)
    {
        _folder = folder;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=preheat-cluster-tests", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        _certificate = request.CreateSelfSigned(_from, _until);
        File.WriteAllText(CertificateFile, _certificate.ExportCertificatePem() + "\n");
        using var accounts = RSA.Create(2048);
        File.WriteAllText(AccountKey, accounts.ExportRSAPrivateKeyPem() + "\n");
    }

    public string CertificateFile => Path.Combine(_folder, "ca.crt");

    /// <summary>What service accounts' tokens are signed with.</summary>
    public string AccountKey => Path.Combine(_folder, "accounts.key");

    /// <summary>Writes <c>NAME.crt</c> and <c>NAME.key</c>.</summary>
    /// <param name="organization">The user's group; null for a server.</param>
    public (string Certificate, string Key) Issue(string name, string? organization)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}{(organization is null ? "" : ", O=" + organization)}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. Usages], critical: false));
        using var certificate = request.Create(_certificate, _from, _until, RandomNumberGenerator.GetBytes(8));
        var (certificateFile, keyFile) = (Path.Combine(_folder, name + ".crt"), Path.Combine(_folder, name + ".key"));
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem() + "\n");
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem() + "\n");
        return (certificateFile, keyFile);
    }

    public void Dispose() => _certificate.Dispose();
}
