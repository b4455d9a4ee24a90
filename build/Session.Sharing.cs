using Preheat.Kubernetes;
using Preheat.Runs;

/// <summary>Receipts at the shared place: the cluster that the deployment runs in.</summary>
sealed partial class Session
{
    private readonly SemaphoreSlim _sharing = new(1, 1);
    private ReceiptSharing? _receiptSharing;

    private ReceiptSharing Sharing => _receiptSharing ??= new ReceiptSharing(Steps.Receipts, Events);

    /// <summary>In a folder without any receipt, takes over those of the machine that deployed last.</summary>
    public Task ContinueAsync() => SharedAsync(shared => Sharing.ContinueAsync(shared, Interrupt.Token));

    /// <summary>After a step has made something, or Deploy has found all as it was: copies the receipts. Before the first Deploy there is no place for them.</summary>
    private async Task ShareAsync(string target)
    {
        if (DryRun is not null || _endpoints is null || !_steps.IsValueCreated || Steps.Receipts.Read(nameof(IDeploy.Deploy)) is null)
            return;
        if (Steps.Outcomes.Any(step => step.Target == target && (step.Result is StepResult.Made || target == nameof(IDeploy.Deploy))))
            await SharedAsync(shared => Sharing.ShareAsync(shared, Interrupt.Token));
    }

    /// <summary>In a dry run: that a step which would make something would change the shared copies.</summary>
    private void TellSharing(string target)
    {
        if (target == nameof(IDeploy.Deploy) || Steps.Receipts.Read(nameof(IDeploy.Deploy)) is not null)
            DryRun!.Request("PATCH", $"api/v1/namespaces/{Deployment.Namespace}/configmaps/{ClusterReceipts.NameOf(Deployment.Name)}", "the receipts");
    }

    private async Task SharedAsync(Func<ISharedReceipts, Task> work)
    {
        var endpoints = await EndpointsAsync();
        await _sharing.WaitAsync(Interrupt.Token);
        try
        {
            await work(new ClusterReceipts(Deployment.Name, Deployment.Namespace, endpoints, Time));
        }
        finally
        {
            _sharing.Release();
        }
    }
}
