fn main() {
    use std::io::Write;
    let a: Vec<usize> = std::env::args().skip(1).filter_map(|x| x.parse().ok()).collect();
    let (size, first, count, step) = (a[0], a[1], a[2], a[3]);
    let mut sketch = turboshard::synth::draw::Sketch::default();
    let mut out = vec![0; size * size * 3];
    let mut file = std::io::stdout().lock();
    for n in first..first + count {
        let id = turboshard::synth::identity::Identity::nth(0, n as u64);
        let t = std::time::Instant::now();
        for e in (0..10).step_by(step) {
            sketch.draw(&id, e, size, &mut out).unwrap();
            file.write_all(&out).unwrap();
        }
        eprintln!("{} {:?}", id.name(), t.elapsed());
    }
}
