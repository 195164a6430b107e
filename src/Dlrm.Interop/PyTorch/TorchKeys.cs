namespace Dlrm.Interop.PyTorch;

/// <summary>The entries of the reference's checkpoints, and the one of ours beside them.</summary>
internal static class TorchKeys
{
    public const string State = "state_dict";
    public const string Optimizer = "opt_state_dict";
    public const string Epoch = "epoch";
    public const string Epochs = "nepochs";
    public const string Batches = "nbatches";
    public const string TestBatches = "nbatches_test";
    public const string Iteration = "iter";
    public const string TrainLoss = "train_loss";
    public const string TestAccuracy = "test_acc";
    public const string TestLoss = "test_loss";
    public const string TestAuc = "test_auc";
    public const string TotalLoss = "total_loss";
    public const string TotalAccuracy = "total_accu";

    /// <summary>A dict of our own: what PyTorch's tensors do not say.</summary>
    public const string Own = "dlrm.net";
    public const string OwnConfig = "config";
    public const string OwnOptimizer = "optimizer";
    public const string OwnState = "optimizer_state";
}
