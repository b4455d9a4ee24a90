namespace Nuke.Common
{
    public class Host
    {
        protected Host() => throw null;
        public override string ToString() => throw null;
    }

    public class Terminal : Host
    {
        internal Terminal() => throw null;
    }
}

namespace Nuke.Common.CI
{
    public class Partition
    {
        public static Partition Single => throw null;
        public int Part { get => throw null; set => throw null; }
        public int Total { get => throw null; set => throw null; }
        public bool IsIn(int part) => throw null;
        public IEnumerable<T> GetCurrent<T>(IEnumerable<T> enumerable) => throw null;
        public override string ToString() => throw null;
    }
}
